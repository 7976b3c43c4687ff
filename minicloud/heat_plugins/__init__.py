"""What Heat loads: `plugin_dirs` names this folder."""
