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
