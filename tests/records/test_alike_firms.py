"""Which names of firms are asked about: pairs as they are met, judged by hand."""

import pytest

from tandem.people.rules import bare_firm, bare_web, sort_key
from tandem.records.rules.alike import Seen, likeness

SAME = [
    (("Thistle Gifts Ltd",), ("Thistle Gifts Limited",)),
    (("Thistle Gifts Ltd", "thistlegifts.com"), ("Thistle-Gifts",)),
    (("Müller & Söhne GmbH & Co. KG",), ("Mueller und Soehne",)),
    (("Müller & Söhne GmbH & Co. KG",), ("Müller und Söhne",)),
    (("Müller GmbH", "mueller.de"), ("Muller", "mueller.de")),
    (("Société Générale de Thé S.A.R.L.",), ("Societe Generale de The",)),
    (("Smith, Jones & Partners LLP",), ("Smith Jones and Partners",)),
    (("Lindisfarne Brewing Inc.",), ("Lindisfarn Brewing",)),
    (("Harbour Trading",), ("Harbor Trading Co",)),
    (("Acme Intl Inc",), ("ACME International",)),
    (("Kelso Bros Ltd",), ("Kelso Brothers",)),
    (("Oslo Fisk AS",), ("Oslo Fisk A/S",)),
    (("Rossi S.p.A.",), ("Rossi SpA",)),
    (("Wexford Tea", "wexfordtea.ie", "IE"), ("Wexford Tea Trading", "wexfordtea.com", "IE")),
    (("Cotswold Tins", "cotswoldtins.co.uk"), ("C T Holdings", "cotswold-tins.com")),
    (("Bramble Homewares", "", "GB"), ("BH Retail", "bramblehomewares.co.uk", "GB")),
    (("The Pentland Candle Company",), ("Pentland Candle",)),
    (("Saltmarsh Paper Mfg Ltd",), ("Saltmarsh Paper Manufacturing",)),
    (("Hythe Gifts and Home",), ("Gifts & Home Hythe",)),
    (("Nordwind Technologies Oy",), ("Nordwind Tech",)),
    (("Achterberg B.V.",), ("Achterberg BV",)),
    (("Birtwistle Ceramics",), ("Birtwhistle Ceramics",)),
    (("Whitby Jewels", "whitbyjewels.com", "GB"), ("Whitby Jewells", "whitbyjewels.com", "GB")),
    (("Lowther Glass Sp. z o.o.",), ("Lowther Glass",)),
]
OTHER = [
    (("Harbour Gifts Ltd", "harbourgifts.com", "GB"), ("Harbour Tea Ltd", "harbourtea.com", "GB")),
    (("Marlow Foods", "marlowfoods.com", "GB"), ("Harlow Foods", "harlowfoods.co.uk", "GB")),
    (("Harbour Gifts", "", "GB"), ("Harbour Gifts GmbH", "", "DE")),
    (("Smith Ltd",), ("Smyth Partners",)),
    (("KLM Ltd",), ("KLN Ltd",)),
    (("Thistle",), ("Thistle Hotels",)),
    (("Nordic Tea Oy", "nordictea.fi", "FI"), ("Nordic Sea Oy", "nordicsea.fi", "FI")),
    (("Kelso Farm",), ("Kelso Arms",)),
    (("Oak Trading", "oak.example"), ("Oak Furniture", "oakfurniture.example")),
    (("Whitby Jewels", "", "GB"), ("Whitby Hotels", "", "GB")),
    (("Rossi",), ("Rosso",)),
    (("AB Foods",), ("BC Foods",)),
    (("Lowe & Sons",), ("Lowe & Daughters",)),
    (("Bramble", "bramble.co.uk"), ("Bramley", "bramley.co.uk")),
    (("Gale Wines", "galewines.com"), ("Gate Wines", "gatewines.com")),
    (("Harbour Holding", "", "GB"), ("Harbour Group Services", "", "GB")),
]


def seen(name, domain="", country=""):
    webs = frozenset({bare_web(domain)} if domain else ())
    return Seen(bare_firm(sort_key(name)), domains=webs, country=country)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_firm_in_two_writings_is_asked_about(one, other):
    assert likeness(seen(*one), seen(*other), is_person=False).is_worth_asking


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_two_firms_of_like_names_are_not(one, other):
    assert not likeness(seen(*one), seen(*other), is_person=False).is_worth_asking


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("Smith & Sons, S.A.R.L.", "smith sons"),
        ("The Pentland Candle Company", "pentland candle"),
        ("AB Foods", "ab foods"),  # a legal form stands at the end
        ("Ltd", "ltd"),
        ("Oslo Fisk A/S", "oslo fisk"),
        ("!!", ""),
    ],
)
def test_a_firm_is_compared_without_its_legal_form(name, bare):
    assert bare_firm(sort_key(name)) == bare
