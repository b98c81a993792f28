"""Licence texts, shortened to the phrases that make them, and packages to plant."""

from __future__ import annotations

from typing import Any

from tools.licences import page, rules
from tools.licences.inventory import Package, Section

MIT = """The MIT License (MIT)

Copyright (c) 2020 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software.

The above copyright notice and this permission notice shall be included in all copies or substantial portions of
the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND.
"""
BSD_2 = """Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met:
1. Redistributions of source code must retain the above copyright notice.
2. Redistributions in binary form must reproduce the above copyright notice in the documentation.
"""
BSD_3 = (
    BSD_2 + "3. Neither the name of the holder may be used to endorse or promote products derived from this software.\n"
)
BSD_4 = BSD_3 + "4. All advertising materials mentioning features of this software must display an acknowledgement.\n"
ISC = """Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby
granted, provided that the above copyright notice and this permission notice appear in all copies.
THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES."""
ZERO_BSD = ISC.replace(", provided that the above copyright notice and this permission notice appear in all copies", "")
APACHE = """Apache License
Version 2.0, January 2004
2. Grant of Copyright License. Subject to the terms and conditions of this License ..."""
MPL = """Mozilla Public License Version 2.0
1.12. "Secondary License" means either the GNU General Public License, Version 2.0, the GNU Lesser General Public
License, Version 2.1, the GNU Affero General Public License, Version 3.0, or any later versions of those licenses.
6. Covered Software is provided under this License on an "as is" basis."""
AGPL = "GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3, 19 November 2007\n"


def refusals(sections: list[Section]) -> list[str]:
    return [why for one in sections for package in one.packages if (why := rules.refusal(package, one.key))]


def section_of(*packages: Package, **more: Any) -> Section:
    return Section("npm", "Some packages", packages, **more)


PINNED = Package("npm package", "pinned", "1.0", "MIT", fixed=True)
FREE = Package("npm package", "free", "1.0", "MIT")


def page_of(*packages: Package) -> str:
    return page.render(page.wanted([section_of(*packages)], {}))
