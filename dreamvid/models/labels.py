"""Names of ImageNet's classes, and groups of them for dreams."""

from collections.abc import Sequence
from functools import cache

from dreamvid.errors import suggest

# Classes found in a town, on a table, at a shore.
GROUPS: dict[str, str] = {
    "city": "palace, dome, bell cote, church, monastery, castle, mosque, triumphal arch, vault, "
    "fountain, tile roof, obelisk, altar, library, cinema, restaurant, patio, pier, viaduct, "
    "suspension bridge, streetcar, cab, barbershop, bakery, bookshop, toyshop, butcher shop, "
    "beacon, planetarium, gondola, steel arch bridge, stupa, cliff dwelling, street sign, "
    "traffic light, prayer rug, trolleybus",
    "gothic": "monastery, church, castle, altar, vault, bell cote, throne, triumphal arch, "
    "stupa, organ, chime, grille",
    "food": "plate, guacamole, consomme, hot pot, trifle, ice cream, ice lolly, French loaf, "
    "bagel, pretzel, cheeseburger, hotdog, mashed potato, head cabbage, broccoli, cauliflower, "
    "zucchini, cucumber, artichoke, bell pepper, mushroom, Granny Smith, strawberry, orange, "
    "lemon, fig, pineapple, banana, pomegranate, carbonara, chocolate sauce, dough, meat loaf, "
    "pizza, potpie, burrito, red wine, espresso, cup, eggnog",
    "sea": "goldfish, great white shark, jellyfish, sea anemone, brain coral, chambered nautilus, "
    "starfish, sea urchin, anemone fish, lionfish, rock beauty, coral reef, seashore, sandbar, "
    "promontory, breakwater, schooner, yawl, catamaran, lifeboat, loggerhead, conch",
    "creatures": "lion, tiger, leopard, peacock, macaw, toucan, flamingo, African chameleon, "
    "common iguana, Komodo dragon, triceratops, tarantula, monarch, dragonfly, Afghan hound, "
    "Samoyed, red fox, lynx, zebra, African elephant, gorilla, giant panda, "
    "great grey owl, ram, ibex, llama, porcupine, axolotl",
}


@cache
def imagenet() -> tuple[str, ...]:
    """Names of the 1000 classes in their usual order, as torchvision has them."""
    from torchvision.models import ResNet50_Weights

    return tuple(ResNet50_Weights.IMAGENET1K_V1.meta["categories"])


def classes_of(label: str, labels: Sequence[str], count: int) -> list[int]:
    """Numbers of the classes that a label, a group or a number stands for.

    Raises ValueError, which suggests a known label.
    """
    if label.isdecimal():
        if int(label) >= count:
            raise ValueError(f"there is no class {label}; they are 0 to {count - 1}")
        return [int(label)]
    if not labels:
        raise ValueError(f"the names of its classes are not known; give a number, 0 to {count - 1}")
    numbers = {name.lower(): number for number, name in enumerate(labels)}
    group = GROUPS.get(label.lower())
    names = group.split(", ") if group else [label]
    classes = [numbers[name.lower()] for name in names if name.lower() in numbers]
    if not classes:
        near = suggest(label.lower(), [*GROUPS, *numbers])
        cure = near if near.startswith("did") else "see `dreamvid describe` for some"
        raise ValueError(f"there is no class {label!r} ({cure})")
    return classes
