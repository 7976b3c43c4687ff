"""E-mail to people. A letter is a row, written with what it tells of; a pass delivers it."""
