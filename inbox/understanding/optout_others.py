"""Decides how people opt out in Slavic and other languages, each on one folded sentence."""

from inbox.understanding.optout_wish import Removal, wish

WISHES = (
    wish(
        "polish",
        "Polish",
        (
            r"^(?:prosze )?(?:stop|rezygnuje|wypisz\w*|wypisuje sie|usunac|wypisac|koniec)(?: (?:mnie|"
            r"prosze|z listy))*[.! ]*$",
            r"\b(?:wypis|wykresl|skresl|usun|wyrejestr|wykluczy)\w* (?:mnie|nas|moj|nasz|ten|moich|mojego|"
            r"naszego|moje|nasze)\b|\b(?:mnie|nas) (?:\w+ )?(?:wypis|wykresl|usun|skresl)\w*\b|"
            r"\b(?:o )?(?:usuniecie|wypisanie|wykreslenie|skreslenie) (?:mnie|nas|mojego|naszego|moich|"
            r"naszych|mego|tego|adresu|danych|z)\b",
            r"\bnie (?:zycz|chc)\w* (?:sobie )?(?:juz )?(?:otrzymyw\w+|dostawa\w+|kontakt\w*|wiecej (?:e-?maili|"
            r"maili|wiadomosci|ofert|korespondencji|tego|takich|"
            r"kontaktu|informacji|spamu|telefonow|od)|tego|kolejnych|"
            r"takich|zadnych|dalszej|dalszych|byc)|\bnie (?:wysyla|wysyl|przesyla|pisa|kontaktowa|kontaktuj|"
            r"pisz|dzwon|nachodz)\w*.{0,40}\b(?:wiecej|juz|kolejnych|mnie|nas|do mnie|do nas|ponownie)\b|"
            r"\b(?:nieprzesylanie|niewysylanie|niekontaktowanie|zaprzestanie)\b|"
            r"\bprosze (?:juz )?(?:wiecej )?nie (?:pisac|wysylac|dzwonic|kontaktowac)\b.{0,20}(?:wiecej|juz|"
            r"$|[.!])",
            r"\bwiecej (?:\w+ ){0,3}nie (?:pisz|wysyl|dzwon|kontakt)\w*|\b(?:wola|wolel|"
            r"chcia)\w*\b.{0,15}\bnie (?:otrzym|dostaw)\w+.{0,30}\b(?:wiecej|kolejn\w+|juz|takich|"
            r"maili)",
            r"\bprosze\b.{0,25}\bnie (?:pisac|wysylac|kontaktowac|przysylac|przesylac|nekac)\b|"
            r"\bnie wyrazam\w* zgody\b|"
            r"\bzaprzesta\w+ (?:\w+ )?(?:wysyl\w+|przesyl\w+|kontakt\w*|korespondencji|takich)|"
            r"\bprosze (?:przestac|zaprzestac|skonczyc)\b|\b(?:przestan\w*|skonczcie) (?:\w+ )?(?:pisac|"
            r"wysylac|spamowac|dzwonic|mnie|nas|do mnie)|\bdajcie mi spokoj\b|\bwiecej nie (?:pisz|wysyl|"
            r"dzwon)\w*|\bsprzeciw\w* .{0,30}(?:przetwarzani|dan)",
        ),
        r"\b(?:po|do|miedzy) \d|\bwczesniej\b|\bpozniej\b|\bnie przesta\w+|\bnie (?:trzeba|musi|musza|"
        r"ma potrzeby|potrzeba)\b|\bprzed \d|\bnasi(?:ch)? klien\w+|"
        r"\bzalaczni\w+|\bdo (?:stycznia|lutego|marca|kwietnia)",
        removal=Removal(
            verbs="usun|wypis|wykresl|skresl|wyrejestr",
            from_="z|ze",
            lists=r"list\w*|baz\w*|mailing\w*|rejestr\w*",
            self_=(
                r"mnie|nas|(?:moj|nasz)\w* (?:\w+ )?(?:firm\w*|adres\w*|e-?mail\w*|mail\w*|dan\w+|numer\w*|"
                r"kontakt\w*)|ten adres|tego adresu"
            ),
        ),
    ),
    wish(
        "czech",
        "Czech and Slovak",
        (
            r"^(?:prosim,? )?(?:uz )?(?:mi |nam )?ne(?:pis|posil|vol|kontakt)\w+(?: mi| nam| me)?(?: prosim)?\W*$",
            r"^(?:prosim )?(?:odhlasit|stop|odhlaste me|vyradte me|odhlasuji se)(?: prosim)?[.! ]*$",
            r"\b(?:odhlas|vyrad|vymaz|smaz|odstran|vyskrtn|odeber)\w* (?:me|nas|mne|mna|muj|moji|moje|nasi|"
            r"nas|ma|moju|tuto|tento|si me)\b|\b(?:me|nas|mne|ma) (?:\w+ )?(?:odhlas|vyrad|vymaz|smaz|"
            r"odstran|odstranit|vyradit|odhlasit)\w*\b|\b(?:odhlaseni|vyrazeni|vymazani|odstraneni) (?:me|"
            r"meho|z|nasi|mych)\b",
            r"\b(?:dalsi|zadne|uz) .{0,30}\b(?:e-?maily|maily|zpravy|nabidky)\b.{0,20}\b(?:si nepreji|"
            r"nechci|neposilejte|nezasilejte|neprejeme)|\b(?:uz|jiz|nikdy|znovu|dale|vice) (?:\w+ ){0,2}?(?:me |"
            r"mi |nam |nas )?(?:ne(?:pis|kontakt|posil|zasil|vol|obtez|otravuj)\w+)|\bne(?:pis|kontakt|"
            r"posil|zasil|vol|obtez)\w+ (?:me |mi |nam |nas )?(?:uz|jiz|vice|dale|znovu|dalsi)\b|"
            r"\b(?:neprej\w+|nechc\w+) (?:si )?(?:byt )?(?:dale |jiz |uz |vice )*(?:byt )?kontaktov\w*|"
            r"\b(?:neprej\w+|nechc\w+) (?:si )?(?:jiz |uz )?(?:od \w+ )?(?:dostavat|dalsi|byt kontaktovan\w*|vase)\b|"
            r"\bprestante (?:mi |nam |me )?(?:psat|posilat|volat|otravovat)",
        ),
        r"\bneni (?:potreba|nutne|treba)\b|\bnemusite\b|\bpred \d|\bnasi zakaznici",
        removal=Removal(
            verbs="odhlas|vyrad|vymaz|smaz|odstran|vyskrtn",
            from_="z|ze",
            lists=r"seznam\w*|databaz\w*|list\w*|mailing\w*|rozesil\w*|evidenc\w*",
            self_=r"me|mne|nas|(?:muj|moji|moje|nasi) (?:\w+ )?(?:firm\w*|adres\w*|e-?mail\w*|udaje|kontakt\w*)",
        ),
    ),
    wish(
        "other_latin",
        "Finnish, Hungarian, Romanian and Turkish",
        (
            r"\ben halua,? etta minuun otetaan yhteytta|\bpoista(?:kaa)? (?:yhteystie\w+|minut|meidat|osoitteeni|"
            r"tietoni|sahkopostini)|\b(?:en|"
            r"emme) halua (?:enaa |enempaa )?(?:vastaanottaa|saada|viesteja|sahkopost\w*|lisaa)|"
            r"\blopettakaa .{0,30}(?:lahettaminen|viestit|yhteydenotot)|\balkaa (?:enaa )?(?:lahettako|"
            r"ottako|kirjoittako)|\b(?:peruuta|perukaa) tilaus",
            r"\b(?:toroljenek|torolje|toroljek|vegyenek|vegyen|vegyek|iratkoztass\w*) (?:le |"
            r"ki )?(?:\w+ )?(?:listarol|a listarol|a cimem|adataim|az adataimat|a cimemet|engem)|"
            r"\bleiratkoz\w+|\bne (?:kuldjon|kuldjenek|irjon|irjanak|keressen|keressenek|"
            r"zaklass\w+).{0,30}(?:tobb\w*|tobbet|ujra)|\bnem kerek tobb",
            r"\b(?:stergeti|eliminati|scoateti|dezabonati)(?:-| )?(?:ma|ne|va rog)|\b(?:stergeti|"
            r"eliminati) (?:adresa|datele|e-?mailul|numarul) (?:mea|mele|meu)|\bva rog sa ma (?:dezabonati|"
            r"scoateti|eliminati|stergeti)|\bnu (?:ma|ne|imi) (?:mai )?(?:contactati|scrieti|trimiteti|"
            r"deranjati|sunati)|\bnu mai (?:vreau|doresc) (?:sa )?(?:primesc|primim|e-?mail)",
            r"\b(?:isbrauk|isregistruok|pasalin)\w* (?:mane|mus|mano|musu)\b|\b(?:daugiau|nebe) ?(?:man |"
            r"mums )?ne(?:be)?(?:rasy|siusk|siuskite|trukdy|skambin)\w*|"
            r"\bneberasy\w*|\b(?:izdzesiet|izsledziet|nonemiet) (?:mani|mus|manu)\b|\b(?:vairs )?ne(?:rakstiet|"
            r"sutiet)\b|"
            r"\b(?:eemalda|kustuta)(?:ge)? (?:mind|meid|minu|meie)\b|\b(?:palun )?(?:arge|ara) (?:mulle |"
            r"meile )?(?:enam )?(?:kirjuta|saatke|saada)\w*|"
            r"\b(?:uklonite|izbrisite|obrisite|skinite|odjavite|izbrisi|odstranite) (?:me|nas|moj\w*|nas\w*)\b|"
            r"\b(?:nemojte|ne) (?:mi |nam |me )?(?:vise|vec) (?:slati|pisati|kontaktirati|zvati|saljite|pisite)|"
            r"\bne (?:saljite|pisite) (?:mi |nam )?vise\b|"
            r"\bvui long (?:xoa|huy|dung|ngung)|\b(?:hapus|keluarkan) (?:saya|alamat|email saya)\b|\b(?:jangan|"
            r"mohon tidak) (?:kirim|hubungi|mengirim)\w*|"
            r"\b(?:iletisime gecme|iletisim kurma)(?:y\w+)?\b|\b(?:beni|bizi|adresimi|e-?postami|mailimi|numarami|"
            r"bilgilerimi)\b.{0,50}\b(?:cikar|sil|"
            r"kaldir)(?!m[ae](?:yin|yiniz|sin)?\b)"
            r"\w*|\b(?:kisisel )?veri(?:ler)?imi\w* (?:\w+ )?sil\w*|\b(?:listeden|listenizden|aboneligimi|"
            r"abonelikten)\b.{0,30}\b(?:cik\w*|iptal|"
            r"cikar\w*|sil\w*)|\b(?:bir daha|artik|tekrar|yeniden) .{0,30}(?:yazma\w*|(?:mesaj|mail|"
            r"e-?posta) atma\w*|gonderme\w*|arama\w*|"
            r"rahatsiz etme\w*|mail atma\w*|(?:mail|mesaj|e-?posta|sms|reklam|iletisim|"
            r"bulten)\w*(?: \w+){0,3} istemiyor\w*)|\b(?:gonder|yaz|ara|at|rahatsiz et)m[ae]yi (?:birak|kes)\w*",
        ),
        unless=r"\b(?:toplanti|randevu)\w*",
    ),
    wish(
        "other_scripts",
        "Russian, Ukrainian, Greek, Hebrew, Arabic, Chinese, Japanese and Korean",
        (
            r"^(?:стоп|отписаться|отпишите|отписка|הסר|退订|停止|配信停止|수신거부|الغاء|إلغاء|取消订阅|td)[.! 。！]*$",
            r"(?:удалите|уберите|исключите|отпишите|вычеркните)(?: \w+)? (?:меня|нас|мои|мой|мою|наш|этот|"
            r"пожалуиста)|(?:меня|нас|мои адрес).{0,30}(?:удалите|уберите|отпишите|исключите)|(?:не|"
            r"больше не|прекратите|перестаньте|хватит) (?:мне |нам |меня |больше |слать |присылаите |"
            r"пишите |отправляите |беспокоить |писать |звонить |присылать )+|прошу (?:мне |нам |"
            r"меня )*(?:больше )?(?:мне |нам |меня )*не (?:писать|присылать|беспокоить|звонить)|"
            r"прошу (?:удалить|исключить|больше не|не присылать|не писать|отписать)|не (?:хочу|желаю|"
            r"хотим) (?:больше )?(?:получать|видеть)|видалить (?:мене|мою)|не (?:надсилаите|пишіть)|"
            r"больше (?:\w+ |, ?)*не (?:пиш|присыла|беспоко|звон|отправля|шли)\w*|не (?:пишите|присылаите|"
            r"беспокоите|звоните|шлите)\b"
            r"[^.!?]{0,20}(?:больше|никогда)",
            r"(?:премахнете|изтрииите|отпишете) (?:ме|ни|моя|имеила)|не (?:ми|ни) (?:пишете|пращаите|"
            r"изпращаите) повече|"
            r"(?:διαγραψτε|αφαιρεστε|βγαλτε) (?:με|μας|το email|τα στοιχεια)|μη(?:ν)? (?:μου|μας|"
            r"με) .{0,20}(?:ξανα|αλλο|ενοχλ)|σταματηστε να",
            r"תסיר\w* (?:אותי|אותנו|את)|(?:להסיר|הסירו|הסר) (?:אותי|אותנו|את)|(?:אל|לא) (?:תשלח|תפנ|תכתב|"
            r"תתקשר)\w* .{0,15}(?:יותר|שוב)|תפסיק\w* (?:לשלוח|לכתוב|לפנות|להטריד|להתקשר)|לא מעוניי?נ\w* לקבל",
            r"(?:احذف\w*|ازل\w*|أزل\w*|الغ\w*|(?:يرجى|الرجاء|ارجو|أرجو) (?:حذف|ازالة|إزالة|الغاء|"
            r"إلغاء)) .{0,40}(?:القائمة|قائمتكم|بريدي|عنواني|اشتراكي|بياناتي|رقمي)|(?:توقف\w*|"
            r"كفوا) عن (?:ارسال|إرسال|مراسلت|الاتصال)|لا (?:ترسل|تراسل|تتصل)\w* .{0,20}(?:مرة|بعد|مجددا|"
            r"ثانية)|عدم (?:مراسلت|ارسال|إرسال|التواصل|الاتصال)\w*|لا ار?يد (?:استلام|تلقي)",
            r"(?:不要|别|別|勿)再(?:给|給|向|跟)?(?:我|我们|我們)?(?:再)?(?:发|發|寄|打|联系|聯絡|联络|骚扰|邮件|郵件)|(?:请|請)?(?:不要|别|別|"
            r"勿)(?:给|給|向)(?:我|我们|我們)(?:发|發|寄)(?:邮件|郵件|信息|广告|短信|垃圾)|(?:取消订阅|取消訂閱|退订|退訂|(?:从|從|将|"
            r"把).{0,12}(?:列表|名单|名單|数据库).{0,10}(?:移除|删除|刪除|删掉)|(?:删除|刪除|移除)我(?:的|们)?)|(?:移出|移除|退出|"
            r"删除).{0,8}(?:列表|名单|名單)|停止(?:给我|給我|向我)?(?:们|們)?(?:发|發|联系|骚扰)",
            r"配信(?:を)?(?:停止|解除|不要)|(?:メール|ご連絡|連絡|営業|送信|配信).{0,12}(?:お?控え(?:て)?|停止|やめて|止めて|不要です|送らないで|しないで|"
            r"お断り|ご遠慮)|"
            r"(?:リスト|名簿|データベース|登録)(?:から|を).{0,10}(?:削除|外して|解除|抹消|除外)|今後(?:の|は).{0,15}(?:不要|お断り|ご遠慮|"
            r"控え|しないで|送らない)|二度と.{0,15}(?:送ら|連絡)",
            r"수신 ?거부|그만 ?(?:보내|연락)|"
            r"(?:메일|문자|연락|이메일|광고).{0,12}(?:보내지 ?(?:마|말아)|하지 ?(?:마|말아)|그만|원하지 않|중단|사양)|"
            r"(?:목록|명단|리스트|"
            r"데이터베이스)에서 .{0,12}(?:삭제|제외|빼)",
        ),
        unless=r"ありませんか",
    ),
)
