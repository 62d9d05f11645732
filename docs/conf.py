"""Settings of Sphinx, which builds the documentation site: `make docs`."""

import gc
import sys
from pathlib import Path

import kentik_async

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

# A build is a short process of 300 MB, and collecting garbage took a quarter of its time.
gc.disable()

project = "kentik-async"
author = "the kentik-async authors"
copyright = author  # noqa: A001 (Sphinx's name)
release = version = kentik_async.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "diagrams",
    "generated_pages",
    "llms_txt",
]
exclude_patterns = ["_ext"]
nitpicky = True

# Markdown. A link to a heading that does not exist is an error.
myst_heading_anchors = 4
myst_enable_extensions = ["fieldlist"]
myst_fence_as_directive = {"mermaid"}

# Docstrings. A name in backticks is a link if it is public.
default_role = "py:obj"
autoclass_content = "both"
autodoc_class_signature = "mixed"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

# Pages. They load nothing from elsewhere.
html_theme = "furo"
pygments_style = "friendly"
pygments_dark_style = "github-dark"
html_title = f"kentik-async {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/icon.svg"
smartquotes = False
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True
