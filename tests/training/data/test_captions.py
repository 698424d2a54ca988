# ruff: noqa: RUF001 - letters that look like others are what is tested
import pytest

from dreamvid.system.text import fold
from dreamvid.training.data.cleaning import clean, stop_words, tokens


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Gaudí", "gaudi"),
        ("STRASSE straße", "strasse strasse"),
        ("Łódź Malmø Æsir Þór", "lodz malmo aesir thor"),
        ("ＢＣＮ 𝓑𝓪𝓻𝓬𝓮𝓵𝓸𝓷𝓪", "bcn barcelona"),
        ("col·lecció Paral·lel", "colleccio parallel"),
        ("Ѐлка Ёлка", "елка елка"),
        ("が", "が"),
        ("दिल्ली", "दिल्ली"),
        ("서울", "서울"),
    ],
)
def test_fold(text, folded):
    assert fold(text) == folded
    assert fold(fold(text)) == folded


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("#SagradaFamilia#Gaudí @JohnSmith!", "sagrada familia gaudi john smith"),
        ("#FCBarcelona #BCNlove #barcelona2018", "fcbarcelona bcnlove barcelona2018"),
        ("SagradaFamilia iPhone", "sagradafamilia iphone"),
        ("l’Eixample d'or COL·LECCIÓ", "l eixample d or colleccio"),
        ("sunset 😍❤️1️⃣ https://t.co/aBc?d=e www.x.org/y beach", "sunset 1 beach"),
        ("サグラダ・ファミリア 海", "サグラダ ファミリア 海"),
        ("दिल्ली का क़िला", "दिल्ली का क़िला"),
        ("sun·sea/sand_castle", "sun sea sand castle"),
    ],
)
def test_tokens(caption, words):
    assert tokens(caption) == fold(words).split()


def test_clean_drops_stop_words():
    without = stop_words(("en", "es", "ca"))
    assert clean(tokens("Don't miss the beach, és la platja més gran"), without) == (
        "beach",
        "platja",
        "mes",
    )
    assert clean(tokens("Mirad el #mar! Instagood photo"), without) == ("mirad", "mar")
    assert clean(("sea", "home", "a", "x" * 25, "x" * 26), without) == ("sea", "home", "x" * 25)


def test_stop_words_of_languages():
    assert "und" not in stop_words(("en",))
    assert {"und", "http"} <= stop_words(("de",))
    assert "the" not in stop_words(())
