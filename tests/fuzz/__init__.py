"""Any external input results in a model or a KentikError, bounded memory, and one clear line."""
