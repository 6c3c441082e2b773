"""Speed, held against ceilings that are measured in the same run."""
