"""The commands of declared state: export, plan, apply and schema."""
