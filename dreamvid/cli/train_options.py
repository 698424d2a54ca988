"""Option types of `dreamvid train`, in the order of its signature."""

from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option

Name = Annotated[str, Argument(help="what to call the model")]
Images = Annotated[Path, Option(help="the folder of photos")]
Text = Annotated[
    Literal["words", "labels"],
    Option(help="words: of captions; labels: a folder for each class, its name"),
]
Vectors = Annotated[
    Path | None, Option(help="word vectors to use, in word2vec's or GloVe's format")
]
Dimensions = Annotated[
    int | None, Option(min=2, max=4096, help="of the space of words, at most; default 300")
]
Base = Annotated[str | None, Option(help="the network to go on from; default: googlenet, or lite0")]
Loss = Annotated[Literal["contrastive", "recipe"], Option(help="recipe: the 2018 model's")]
Epochs = Annotated[int, Option(min=1, help="times that each photo is seen")]
Batch = Annotated[int | None, Option(min=2, help="photos a step; default 32, of thousands 120")]
Rate = Annotated[float | None, Option(help="learning rate at the beginning; default by the loss")]
Patience = Annotated[
    int,
    Option(
        min=0,
        help="epochs without improvement before it ends and keeps the best weights; 0: all epochs "
        "are done, and the last weights kept",
    ),
]
Seed = Annotated[int, Option(help="another split, other weights to begin with")]
Cache = Annotated[
    float, Option(min=0, help="GB of disk for features that need not be computed twice")
]
Workers = Annotated[
    int | None, Option(min=0, max=64, help="processes that read photos; default 2 with a GPU")
]
Without = Annotated[
    list[str] | None,
    Option(metavar="WORD", help="drop captions with it, such as another city's name"),
]
MostPerUser = Annotated[int, Option(min=1, help="photos kept of one user")]
FewestWords = Annotated[int, Option(min=1, help="of a caption, once cleaned")]
StopWords = Annotated[str, Option(help="languages whose common words say nothing about a photo")]
KeepDuplicates = Annotated[
    bool, Option("--keep-duplicates", help="also photos that look like another")
]
Credits = Annotated[str, Option(help="whose photos these are, kept in the model")]
Whole = Annotated[
    bool, Option("--all", help="learn from all photos; none are kept apart for `evaluate`")
]
Out = Annotated[Path | None, Option(help="folder for the model and its log; default out/NAME-city")]
Check = Annotated[bool, Option("--check", help="only look at the data")]
NoDreams = Annotated[bool, Option("--no-dreams", help="no sample dreams on the way")]
