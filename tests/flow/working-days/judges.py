"""What two public packages hold for worked in mainland China: one line a date, `date chinesecalendar holidays`.

python3 judges.py FIRST_YEAR LAST_YEAR
"""

import sys
from datetime import date, timedelta

import chinese_calendar
import holidays

first, last = int(sys.argv[1]), int(sys.argv[2])
china = holidays.country_holidays("CN", years=range(first, last + 1))
day = date(first, 1, 1)
while day.year <= last:
    print(day.isoformat(), int(chinese_calendar.is_workday(day)), int(china.is_working_day(day)))
    day += timedelta(days=1)
