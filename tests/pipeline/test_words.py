"""What counts as a word, in scripts with spaces and in those without."""

from __future__ import annotations

import unicodedata

import pytest

from pipeline.item import Analysis, Fallacies, Fetched, Perspectives, Transcript
from pipeline.running.gather import after_analysis, after_download, after_transcription
from pipeline.words import as_written, count_words, has_words

# Article 1 of the Universal Declaration of Human Rights; the English text has 30 words.
ARTICLE = {
    "en": "All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience and "
    "should act towards one another in a spirit of brotherhood.",
    "zh": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",
    "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられて"
    "おり、互いに同胞の精神をもって行動しなければならない。",
    "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로 이성과 양심을 부여받았으며 서로 "
    "형제애의 정신으로 행동하여야 한다.",
    "th": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม และควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ",
    "lo": "ມະນຸດທຸກຄົນເກີດມາມີກຽດສັກສີ, ສິດທິ, ເສລີພາບ ແລະ ຄວາມສະເໝີພາບເທົ່າທຽມກັນ. ທຸກໆຄົນມີເຫດຜົນ ແລະ ຄວາມຄິດຄວາມເຫັນສ່ວນຕົວຂອງໃຜຂອງມັນ, "
    "ແຕ່ວ່າມະນຸດທຸກໆຄົນຄວນປະພຶດຕໍ່ກັນຄືກັນກັບເປັນອ້າຍນ້ອງກັນ.",
    "km": "មនុស្សទាំងអស់កើតមកមានសេរីភាព និងសមភាពក្នុងសេចក្ដីថ្លៃថ្នូរ និងសិទ្ធិ។ មនុស្សគ្រប់រូបសុទ្ធតែមានវិចារណញ្ញាណ និងសតិសម្បជញ្ញៈ "
    "ហើយគប្បីប្រព្រឹត្តចំពោះគ្នាទៅវិញទៅមក ក្នុងស្មារតីរាប់អានគ្នាជាបងប្អូន។",
    "my": "လူတိုင်းသည် တူညီ လွတ်လပ်သော ဂုဏ်သိက္ခာဖြင့် လည်းကောင်း၊ တူညီလွတ်လပ်သော အခွင့်အရေးများဖြင့် လည်းကောင်း၊ မွေးဖွားလာသူများ "
    "ဖြစ်သည်။ ထိုသူတို့၌ ပိုင်းခြား ဝေဖန်တတ်သော ဉာဏ်နှင့် ကျင့်ဝတ် သိတတ်သော စိတ်တို့ရှိကြ၍ ထိုသူတို့သည် အချင်းချင်း မေတ္တာထား၍ "
    "ဆက်ဆံကျင့်သုံးသင့်၏။",
}


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", 30), ("zh", 26), ("ja", 30), ("ko", 30), ("th", 29), ("lo", 30), ("km", 30), ("my", 30)],
)
def test_one_text_counts_about_as_many_words_in_every_language(language: str, words: int) -> None:
    assert count_words(ARTICLE[language]) == words
    assert count_words(unicodedata.normalize("NFD", ARTICLE[language])) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        (" \n\t ", 0),
        ("♪ ♪", 0),
        ("♪ la la ♪", 2),
        ("-- ... * & — ・ 。！", 0),
        ("word", 1),
        ("don't stop - believing", 3),
        ("it costs 5 % of 3.50", 5),
        ("naïve café", 2),
        ("e\u0301te\u0301 1", 2),
        ("слово дело", 2),
        ("你", 1),
        ("你好世界和平", 4),
        ("iPhone手机卖得很好", 5),  # one, and seven letters
        ("2024年", 2),
        ("ｶﾀｶﾅ", 1),
        ("コンピューター", 2),
        ("안녕하세요 여러분", 4),
        ("สวัสดีครับ", 2),  # seven letters; marks are none
        ("中文 English 混合 text", 5),
        ("𠀀𠀁𠀂", 2),
    ],
)
def test_the_words_of_a_text(text: str, words: int) -> None:
    assert count_words(text) == words
    assert has_words(text) == (words > 0)


def test_letters_without_spaces_are_written_without_them_and_words_with_them() -> None:
    assert as_written(["he", "said", "你", "好", "to", "me"]) == "he said 你好 to me"


SENTENCES = (
    "今天早上八点，一列货运列车在北部山区的隧道口附近脱轨，事故没有造成人员伤亡。"
    "当地铁路局局长在新闻发布会上表示，连日的暴雨冲垮了路基，抢修工作预计需要三天。"
)


def test_titles_transcripts_summaries_and_speaking_rates_count_by_the_same_rule() -> None:
    fetched = Fetched("0", "captions", 1, title="北部山区列车脱轨", duration_seconds=20.0)
    transcript = Transcript(SENTENCES, "captions", 0.95)
    facts = after_download(fetched) | after_transcription(fetched, transcript)
    facts |= after_analysis(Analysis(SENTENCES, (), (), 0.5), Perspectives((), 0.5), Fallacies((), 0.5))
    assert {name: facts[name].value for name in ("title_words", "transcript_words", "summary_words")} == {
        "title_words": 5, "transcript_words": 47, "summary_words": 47,  # 8 and 70 letters
    }  # fmt: skip
    assert facts["words_per_minute"].value == 3 * 47
