"""The programs on other versions of servers and systems than this machine's."""
