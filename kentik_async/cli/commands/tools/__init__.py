"""The commands that need neither an account nor an emulator."""
