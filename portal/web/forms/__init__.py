"""The forms of the pages. They shape what is sent; what may be is decided in the services."""
