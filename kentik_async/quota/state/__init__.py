"""The rules of the quota as one state and its pure changes."""
