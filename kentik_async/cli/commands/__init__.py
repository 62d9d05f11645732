"""The commands: one module a group, each imported only when the group is used."""
