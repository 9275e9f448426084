"""What each city has; CITIES is the whole list."""

from __future__ import annotations

from li_perf.cities.city import City
from li_perf.cities.philadelphia import PHILADELPHIA

CITIES: dict[str, City] = {city.name: city for city in (PHILADELPHIA,)}
