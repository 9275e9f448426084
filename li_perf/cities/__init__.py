"""What each city has; CITIES is the whole list."""

from __future__ import annotations

from li_perf.cities.city import City
from li_perf.cities.gainesville import GAINESVILLE
from li_perf.cities.nashville import NASHVILLE
from li_perf.cities.new_york import NEW_YORK
from li_perf.cities.philadelphia import PHILADELPHIA
from li_perf.cities.vancouver import VANCOUVER

CITIES: dict[str, City] = {
    city.name: city
    for city in (
        PHILADELPHIA,
        GAINESVILLE,
        VANCOUVER,
        NEW_YORK,
        NASHVILLE,
    )
}
