"""Whatever comes from outside: a model or an error of ours, bounded memory, one clear line."""
