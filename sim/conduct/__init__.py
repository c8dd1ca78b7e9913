"""What states choose: which cases they wish for, whether, where and under which label they file; they cannot see the judge."""
