"""Option types of `dreamvid train`, in the order of its signature."""

from pathlib import Path
from typing import Annotated, Literal

import typer

Name = Annotated[str, typer.Argument(help="what to call the model")]
Images = Annotated[Path, typer.Option(help="the folder of photos")]
Text = Annotated[
    Literal["words", "labels"],
    typer.Option(help="words: of captions; labels: a folder for each class, its name"),
]
Vectors = Annotated[
    Path | None, typer.Option(help="word vectors to use, in word2vec's or GloVe's format")
]
Dimensions = Annotated[
    int | None, typer.Option(min=2, max=4096, help="of the space of words, at most; default 300")
]
Base = Annotated[
    str | None, typer.Option(help="the network to go on from; default: googlenet, or lite0")
]
Loss = Annotated[Literal["contrastive", "recipe"], typer.Option(help="recipe: the 2018 model's")]
Epochs = Annotated[int, typer.Option(min=1, help="times that each photo is seen")]
Batch = Annotated[
    int | None, typer.Option(min=2, help="photos a step; default 32, of thousands 120")
]
Rate = Annotated[
    float | None, typer.Option(help="learning rate at the beginning; default by the loss")
]
Patience = Annotated[int, typer.Option(min=1, help="epochs without improvement before it ends")]
Seed = Annotated[int, typer.Option(help="another split, other weights to begin with")]
Cache = Annotated[
    float, typer.Option(min=0, help="GB of disk for features that need not be computed twice")
]
Workers = Annotated[
    int | None, typer.Option(min=0, max=64, help="processes that read photos; default 2 with a GPU")
]
Without = Annotated[
    list[str] | None,
    typer.Option(metavar="WORD", help="drop captions with it, such as another city's name"),
]
MostPerUser = Annotated[int, typer.Option(min=1, help="photos kept of one user")]
FewestWords = Annotated[int, typer.Option(min=1, help="of a caption, once cleaned")]
StopWords = Annotated[
    str, typer.Option(help="languages whose common words say nothing about a photo")
]
KeepDuplicates = Annotated[
    bool, typer.Option("--keep-duplicates", help="also photos that look like another")
]
Credits = Annotated[str, typer.Option(help="whose photos these are, kept in the model")]
Whole = Annotated[
    bool, typer.Option("--all", help="learn from all photos; none are kept apart for `evaluate`")
]
Out = Annotated[
    Path | None, typer.Option(help="folder for the model and its log; default out/NAME-city")
]
Check = Annotated[bool, typer.Option("--check", help="only look at the data")]
NoDreams = Annotated[bool, typer.Option("--no-dreams", help="no sample dreams on the way")]
