"""What operators' tools are given: metrics, rules, dashboards, log lines."""
