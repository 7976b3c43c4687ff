"""The API's calls, one class for each kind of thing; `Client` is all of them."""
