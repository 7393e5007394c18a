"""Names for people, places and shops of the demo company."""

FIRST = (
    "Ann Rosalind Marit Dafydd Camille Joan Gordon Siobhán Theo Yusuf Eleanor Luc Hettie Agnes"
    " Pieter Nell Oskar Rupert Dilys Fergus Ingrid Malin Aoife Bram Celeste Dieter Elif Farah"
    " Greta Hamish Ilse Jonas Katrin Lars Mirela Nuala Owen Paloma Quentin Ruta Stellan Tamsin"
    " Ursula Vikram Wanda Xenia Ygritte Zofia Marek Noor"
).split()
LAST = (
    "Kowalczyk Achterberg Solberg Pryce Verdier Birtwistle McAllister O’Rourke Hartnell İnce"
    " Whitby Bastien Gale Fairweather Kuiper Wainwright Brandt Hythe Lowe Ashdown Bjornstad"
    " Castellane Drummond Eriksen Featherstone Galbraith Hollis Iversen Jardine Kestrel Lindgren"
    " Moreau Nightingale Oyelaran Penhaligon Quaife Rasmussen Saltmarsh Thorne Underhill Voss"
    " Winterbourne Yarrow Zielinski"
).split()
PLACES = (
    "Harbour Hythe Lowther Kelso Wexford Pentland Cotswold Lindisfarne Saltmarsh Bramble"
    " Whitstable Keswick Arran Galloway Penrose Tobermory Southwold Ludlow Rye Hexham Kendal"
    " Orkney Skye Beverley Padstow Malvern Tenby Ripon Dunkeld Melrose"
).split()
TRADES = (
    "Gifts",
    "Interiors",
    "Garden Centre",
    "Books and Cards",
    "Heritage Shop",
    "Larder",
    "Homewares",
    "Stores",
    "Museum Shop",
    "Pantry",
)

# How those who look at the site call themselves.
BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/143.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/143.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
)
MACHINES = (
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " HeadlessChrome/143.0.0.0 Safari/537.36",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
)
