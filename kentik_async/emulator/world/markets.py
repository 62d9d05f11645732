"""The markets: the planet, continents, regions and countries, with the number of networks of each country.

Identifiers have the vendor's form, such as `planet$earth` and `cc$US`. The counts are rounded and scaled
down from the proportions of the real Internet, so that each market has a plausible size.
"""

from dataclasses import dataclass

__all__ = ["COUNTRIES", "MARKETS", "Country", "MarketArea"]


@dataclass(frozen=True, slots=True)
class Country:
    """A country: ISO 3166 code, English name, and number of networks."""

    code: str
    name: str
    networks: int


@dataclass(frozen=True, slots=True)
class MarketArea:
    """A market: identifier, name, and the codes of its countries."""

    market_id: str
    name: str
    countries: frozenset[str]


# Each line is a continent ("# EU Europe"), a region ("- Western Europe") or a country with its network count.
_TABLE = """
# AF Africa
- Northern Africa
DZ 22 Algeria
EG 70 Egypt
LY 24 Libya
MA 26 Morocco
SD 18 Sudan
TN 28 Tunisia
- Western Africa
BF 15 Burkina Faso
BJ 18 Benin
CI 22 Côte d'Ivoire
CV 5 Cabo Verde
GH 60 Ghana
GM 10 Gambia
GN 14 Guinea
GW 4 Guinea-Bissau
LR 12 Liberia
ML 12 Mali
MR 9 Mauritania
NE 9 Niger
NG 150 Nigeria
SL 13 Sierra Leone
SN 14 Senegal
TG 9 Togo
- Middle Africa
AO 45 Angola
CD 40 DR Congo
CF 4 Central African Republic
CG 16 Congo
CM 28 Cameroon
GA 14 Gabon
GQ 8 Equatorial Guinea
TD 9 Chad
- Eastern Africa
BI 11 Burundi
DJ 6 Djibouti
ER 3 Eritrea
ET 14 Ethiopia
KE 110 Kenya
MG 14 Madagascar
MU 26 Mauritius
MW 20 Malawi
MZ 32 Mozambique
RE 8 Réunion
RW 20 Rwanda
SC 14 Seychelles
SO 22 Somalia
SS 9 South Sudan
TZ 70 Tanzania
UG 44 Uganda
ZM 30 Zambia
ZW 28 Zimbabwe
- Southern Africa
BW 24 Botswana
LS 9 Lesotho
NA 18 Namibia
SZ 10 Eswatini
ZA 420 South Africa
# NA North America
- Northern America
BM 12 Bermuda
CA 620 Canada
GL 4 Greenland
US 2900 United States
- Central America
BZ 24 Belize
CR 70 Costa Rica
GT 50 Guatemala
HN 75 Honduras
MX 260 Mexico
NI 30 Nicaragua
PA 80 Panama
SV 28 El Salvador
- Caribbean
AG 7 Antigua and Barbuda
AW 6 Aruba
BB 9 Barbados
BQ 8 Bonaire, Sint Eustatius and Saba
BS 9 Bahamas
CU 6 Cuba
CW 20 Curaçao
DO 75 Dominican Republic
GP 9 Guadeloupe
HT 14 Haiti
JM 18 Jamaica
KN 6 Saint Kitts and Nevis
KY 11 Cayman Islands
LC 6 Saint Lucia
MQ 6 Martinique
PR 50 Puerto Rico
SX 6 Sint Maarten
TC 5 Turks and Caicos Islands
TT 20 Trinidad and Tobago
VC 5 Saint Vincent and the Grenadines
VG 8 British Virgin Islands
VI 9 U.S. Virgin Islands
# SA South America
AR 480 Argentina
BO 32 Bolivia
BR 1750 Brazil
CL 140 Chile
CO 200 Colombia
EC 130 Ecuador
GF 5 French Guiana
GY 9 Guyana
PE 90 Peru
PY 45 Paraguay
SR 6 Suriname
UY 30 Uruguay
VE 110 Venezuela
# AS Asia
- Central Asia
KG 32 Kyrgyzstan
KZ 90 Kazakhstan
TJ 18 Tajikistan
TM 5 Turkmenistan
UZ 44 Uzbekistan
- Eastern Asia
CN 380 China
HK 360 Hong Kong
JP 420 Japan
KP 3 North Korea
KR 400 South Korea
MN 40 Mongolia
MO 8 Macao
TW 180 Taiwan
- South-Eastern Asia
BN 10 Brunei
ID 780 Indonesia
KH 70 Cambodia
LA 18 Laos
MM 44 Myanmar
MY 130 Malaysia
PH 190 Philippines
SG 330 Singapore
TH 240 Thailand
TL 8 Timor-Leste
VN 210 Vietnam
- Southern Asia
AF 60 Afghanistan
BD 470 Bangladesh
BT 9 Bhutan
IN 1020 India
IR 280 Iran
LK 22 Sri Lanka
MV 8 Maldives
NP 85 Nepal
PK 160 Pakistan
- Western Asia
AE 80 United Arab Emirates
AM 60 Armenia
AZ 50 Azerbaijan
BH 24 Bahrain
CY 70 Cyprus
GE 70 Georgia
IL 150 Israel
IQ 110 Iraq
JO 36 Jordan
KW 44 Kuwait
LB 80 Lebanon
OM 16 Oman
PS 50 Palestine
QA 18 Qatar
SA 110 Saudi Arabia
SY 5 Syria
TR 310 Türkiye
YE 5 Yemen
# EU Europe
- Eastern Europe
BG 330 Bulgaria
BY 80 Belarus
CZ 380 Czechia
HU 160 Hungary
MD 70 Moldova
PL 760 Poland
RO 520 Romania
RU 1240 Russia
SK 130 Slovakia
UA 660 Ukraine
- Northern Europe
AX 3 Åland Islands
DK 180 Denmark
EE 90 Estonia
FI 160 Finland
FO 4 Faroe Islands
GB 820 United Kingdom
GG 8 Guernsey
IE 130 Ireland
IM 12 Isle of Man
IS 50 Iceland
JE 7 Jersey
LT 110 Lithuania
LV 140 Latvia
NO 180 Norway
SE 340 Sweden
- Southern Europe
AD 6 Andorra
AL 60 Albania
BA 40 Bosnia and Herzegovina
ES 380 Spain
GI 14 Gibraltar
GR 110 Greece
HR 80 Croatia
IT 480 Italy
ME 18 Montenegro
MK 36 North Macedonia
MT 26 Malta
PT 80 Portugal
RS 110 Serbia
SI 150 Slovenia
SM 5 San Marino
VA 3 Vatican City
XK 30 Kosovo
- Western Europe
AT 260 Austria
BE 130 Belgium
CH 380 Switzerland
DE 900 Germany
FR 620 France
LI 20 Liechtenstein
LU 50 Luxembourg
MC 5 Monaco
NL 560 Netherlands
# OC Oceania
- Australia and New Zealand
AU 580 Australia
NZ 260 New Zealand
- Pacific Islands
FJ 12 Fiji
FM 6 Micronesia
GU 14 Guam
NC 11 New Caledonia
PF 6 French Polynesia
PG 24 Papua New Guinea
SB 7 Solomon Islands
VU 9 Vanuatu
WS 6 Samoa
"""


def _read(table: str) -> tuple[tuple[Country, ...], tuple[MarketArea, ...]]:
    countries: list[Country] = []
    planet = ("planet$earth", "Planet Earth")
    spans: dict[tuple[str, str], set[str]] = {}
    enclosing: dict[str, tuple[str, str]] = {"": planet}
    for line in table.strip().splitlines():
        mark, _, rest = line.partition(" ")
        if mark == "#":
            code, _, name = rest.partition(" ")
            enclosing = {"": planet, "#": (f"continent${code}", name)}
        elif mark == "-":
            slug = rest.lower().replace("-", "_").replace(" ", "_")
            enclosing["-"] = (f"region${slug}", rest)
        else:
            count, _, name = rest.partition(" ")
            countries.append(Country(mark, name, int(count)))
            for key in enclosing.values():
                spans.setdefault(key, set()).add(mark)
    wide = [MarketArea(*key, frozenset(codes)) for key, codes in spans.items()]
    narrow = [
        MarketArea(f"cc${country.code}", country.name, frozenset({country.code})) for country in countries
    ]
    return tuple(countries), (*wide, *sorted(narrow, key=lambda market: market.market_id))


COUNTRIES, MARKETS = _read(_TABLE)
"""All countries, and all markets: the planet, then continents and regions, then countries by code."""
