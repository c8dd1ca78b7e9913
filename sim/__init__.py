"""Rogatory: states with differing laws and safeguards exchange requests for electronic evidence."""
