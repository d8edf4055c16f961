"""Every case there is: importing the modules puts them into CASES."""

import cases_bag  # noqa: F401
import cases_bombs  # noqa: F401
import cases_documents  # noqa: F401
import cases_good  # noqa: F401
import cases_layout  # noqa: F401
import cases_names  # noqa: F401
from case import CASES, RULES  # noqa: F401
