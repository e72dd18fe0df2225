"""Names of people, companies and streets that don't exist, as they sound in a Catalan town."""

from random import Random

__all__ = ["company_name", "person_name", "street"]

_CATALAN = [
    "Montserrat",
    "Jordi",
    "Núria",
    "Pere",
    "Laia",
    "Marc",
    "Mercè",
    "Joan",
    "Aina",
    "Gerard",
    "Roser",
    "Arnau",
    "Meritxell",
    "Oriol",
    "Gemma",
    "Àlex",
    "Neus",
    "Ramon",
    "Eulàlia",
    "Ferran",
    "Cèlia",
    "Guifré",
    "Gal·la",
    "Iŀluminada",
    "Pau",
    "Blai",
    "Ònia",
]
_SPANISH = [
    "Carmen",
    "Antonio",
    "Dolores",
    "Francisco",
    "Begoña",
    "Íñigo",
    "Rocío",
    "Álvaro",
    "Concepción",
    "Jesús",
    "Inés",
    "Ramón",
    "Encarnación",
    "José",
    "Lucía",
    "Andrés",
    "Pilar",
    "Óscar",
]
_ELSEWHERE = [
    "Fatima",
    "Mohamed",
    "Khadija",
    "Youssef",
    "Andreea",
    "Ionuț",
    "Ștefania",
    "Oleksandr",
    "Zoë",
    "Björn",
    "Siân",
    "Wei",
    "Mei",
    "Chidi",
    "Aminata",
    "Łukasz",
    "Małgorzata",
    "Zoltán",
    "François",
    "Giulia",
]
_CATALAN_SURNAMES = [
    "Puig",
    "Soler",
    "Vila",
    "Serra",
    "Ferrer",
    "Roca",
    "Bosch",
    "Vidal",
    "Mas",
    "Camps",
    "Riera",
    "Sala",
    "Costa",
    "Font",
    "Valls",
    "Plana",
    "Coll",
    "Grau",
    "Carbonell",
    "Güell",
    "Muñoz",
    "Peña",
    "Castellví",
    "Sant-Romà",
    "Ballestar",
    "Llançà",
]
_SPANISH_SURNAMES = [
    "García",
    "Martínez",
    "López",
    "Sánchez",
    "Núñez",
    "Ibáñez",
    "Cañete",
    "Ordóñez",
    "Güemes",
    "Jiménez",
    "Peñalver",
    "Ruiz",
    "Hernández",
    "Gutiérrez",
]
_OTHER_SURNAMES = [
    "El Idrissi",
    "Benali",
    "Ait Lahcen",
    "Popescu",
    "Ionescu",
    "Țurcanu",
    "Shevchenko",
    "van der Meer",
    "O’Connor",
    "Zhang",
    "Li",
    "Okonkwo",
    "Diop",
    "Nowak",
    "Szabó",
    "Lefèvre",
    "Bianchi",
    "Sørensen",
]

_TRADES = [
    "Forn",
    "Perruqueria",
    "Farmàcia",
    "Taller mecànic",
    "Restaurant",
    "Papereria",
    "Ferreteria",
    "Clínica dental",
    "Bugaderia",
    "Autoescola",
    "Celler",
    "Fusteria",
    "Gimnàs",
    "Hotel",
]
_FORMS = ("SL", "SA", "SCCL", "SLU")
_LONG = (
    "Comunitat de propietaris de l’edifici Jardins de {street}, escales A, B i C",
    "Associació Cultural i Recreativa d’Amics de {street} i el seu Entorn Natural",
    "Societat Agrària de Transformació Hereus de {name} i Germans",
)

_FLOORS = ("baixos", "entresòl", "1r", "2n", "3r", "4t", "5è", "àtic")
_DOORS = ("1a", "2a", "3a", "4a")

_STREET_KINDS = (
    "Carrer de",
    "Carrer del",
    "Avinguda de",
    "Passeig de",
    "Plaça de",
    "Camí de",
    "Travessera de",
)
_STREET_NAMES = [
    "la Font Vella",
    "les Oliveres",
    "l’Església",
    "Sant Roc",
    "la Sínia",
    "el Molí d’en Gal·la",
    "Mossèn Vinyals",
    "les Pintores",
    "Josep Maria Folguera",
    "l’Estació",
    "les Garrigues",
    "la Mercè",
    "Mestra Paŀlàs",
    "el Raval",
    "Onze de Setembre",
    "Gaudí",
    "la Llum",
    "les Eres",
    "Sant Jordi",
    "Nou",
    "Catalunya",
    "el Pou de Glaç",
]


def person_name(random: Random, language: str) -> str:
    """Give a person's full name; who reads Spanish or English mostly has names to match."""
    roll = random.random()
    if language == "en" or roll < 0.12:
        first, surnames = random.choice(_ELSEWHERE), _OTHER_SURNAMES
    elif language == "es" or roll < 0.3:
        first, surnames = random.choice(_SPANISH), _SPANISH_SURNAMES
    else:
        first, surnames = random.choice(_CATALAN), _CATALAN_SURNAMES
    if random.random() < 0.04:
        first = f"{first} {random.choice(_CATALAN)}"
    second = random.choice(_CATALAN_SURNAMES if random.random() < 0.4 else _SPANISH_SURNAMES)
    if random.random() < 0.02:
        second = f"de {second} i {random.choice(_CATALAN_SURNAMES)}"
    return f"{first} {random.choice(surnames)} {second}"


def company_name(random: Random) -> str:
    """Give the name of a shop, an association or a community of owners; some are very long."""
    surname = random.choice(_CATALAN_SURNAMES)
    if random.random() < 0.2:
        pattern = random.choice(_LONG)
        return pattern.format(street=random.choice(_STREET_NAMES), name=surname)
    return f"{random.choice(_TRADES)} {surname}, {random.choice(_FORMS)}"


def street(random: Random) -> str:
    """Give a street with its number, and a floor and door for most."""
    kind = random.choice(_STREET_KINDS)
    found = f"{kind} {random.choice(_STREET_NAMES)}, {random.randint(1, 180)}"
    found = found.replace("de el ", "del ").replace("del el ", "del ").replace("del la ", "de la ")
    found = found.replace("del les ", "de les ").replace("del l’", "de l’")
    if random.random() < 0.65:
        found += f", {random.choice(_FLOORS)} {random.choice(_DOORS)}"
    return found
