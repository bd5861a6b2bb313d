"""What the app itself writes into a chat, in the languages of its phones: that a file belongs here or was left out,
that a message was deleted or edited, that a group has a new name.

Owns: these phrases. Must not know: dates, senders, anything else of a message.
"""

from __future__ import annotations

import re

__all__ = ["ATTACHED", "DELETED", "EDITED", "OMITTED", "RENAMED"]

ATTACHED = (
    re.compile(
        r"^(\S[^\n<>|]{0,200}?\.[A-Za-z0-9]{2,5}) \((?:file attached|Datei angehängt|archivo adjunto|fichier joint|"
        r"arquivo anexado|ficheiro anexado|file allegato|bestand bijgevoegd|файл добавлен|dosya ekli|załączono plik|"
        r"fil vedhæftet|fil vedlagt|bifogad fil|tiedosto liitetty|"
        r"文件附件|檔案已附加|添付ファイル|파일 첨부됨|الملف مرفق)\)"
    ),
    re.compile(
        r"^<(?:attached|Anhang|adjunto|pièce jointe|anexado|anexo|allegato|bijgevoegd|bijlage|прикреплено|ekli"
        r"|załącznik|vedhæftet|vedlagt|bifogad|liitetty|附件|添付ファイル|첨부됨|مرفق): ?([^<>\n]{1,200})>"
    ),
)
OMITTED = re.compile(
    r"^<?(?:"
    r"(?:image|video|audio|sticker|document|GIF|contact card|video note|media) omitted"
    r"|Media omitted|Medien ausgeschlossen|(?:Bild|Video|Audio|Sticker|Dokument|GIF) weggelassen"
    r"|Multimedia omitido|(?:imagen|video|audio|sticker|documento) omitid[oa]|Se omitió el archivo multimedia"
    r"|Médias omis|Média omis|(?:image|vidéo|audio|sticker|document) absente?"
    r"|Mídia oculta|Arquivo de mídia oculto|Ficheiro não revelado|(?:imagem|vídeo|áudio|figurinha) ocult[oa]"
    r"|Media omessi|(?:immagine|video|audio|sticker) omess[oa]"
    r"|Media weggelaten|(?:afbeelding|video|audio|sticker) weggelaten"
    r"|Без медиафайлов|Медиа пропущены|Без медіафайлів|Медіа пропущено"
    r"|(?:Medya|görüntü|video|ses|belge|çıkartma) dahil edilmedi"  # noqa: RUF001
    r"|pominięto multimedia|(?:obraz|film|dźwięk|dokument|naklejka) pominięto"
    r"|Medier udeladt|Medier er udeladt|(?:billede|video|lyd|dokument|klistermærke) udeladt"
    r"|Medier utelatt|Media utelatt|(?:bilde|video|lyd|dokument|klistremerke) utelatt"
    r"|Media har utelämnats|Media utelämnat|(?:bild|video|ljud|dokument|klistermärke)(?:en|et)? utelämna[dt]"
    r"|(?:Media|kuva|video|ääni|tiedosto|tarra) (?:jätettiin|jätetty) pois"
    r"|Média vynechána|Média vynechané|Médiafájl kihagyva|Hiányzó médiafájl|Fișier media omis|Mitjans omesos"
    r"|Media tidak disertakan|Đã bỏ qua phương tiện|Τα πολυμέσα παραλείφθηκαν"  # noqa: RUF001
    r"|省略多媒体文件|(?:媒体文件|多媒体|图像|图片|视频|音频|文档|贴图) ?已省略|已略過多媒體檔"
    r"|(?:圖片|影片|音訊|文件|貼圖) ?已略[過去]"
    r"|(?:メディア|画像|動画|音声|スタンプ|文書)は(?:含まれていません|省略されました)"
    r"|미디어 파일 제외|미디어 파일을 제외한 모든 내용|(?:사진|동영상|오디오|스티커|문서) 생략됨"
    r"|تم استبعاد الوسائط|الوسائط غير متضمنة|رسانه حذف شد|המדיה לא נכללה|המדיה הושמטה|मीडिया छोड़ा गया"
    r")>?$",
    re.IGNORECASE,
)
DELETED = re.compile(
    r"^(?:This message was deleted|You deleted this message|Diese Nachricht wurde gelöscht"
    r"|Du hast diese Nachricht gelöscht|Se eliminó este mensaje|Eliminaste este mensaje|Ce message a été supprimé"
    r"|Vous avez supprimé ce message|Mensagem apagada|Você apagou esta mensagem|Questo messaggio è stato eliminato"
    r"|Hai eliminato questo messaggio|Dit bericht is verwijderd|U hebt dit bericht verwijderd)\.?$"
)
EDITED = re.compile(
    r"\s*<(?:This message was edited|Diese Nachricht wurde bearbeitet|Se editó este mensaje"
    r"|Ce message a été modifié|Mensagem editada|Questo messaggio è stato modificato|Dit bericht is bewerkt)>$"
)
RENAMED = re.compile(
    r" (?:changed|hat|cambió|a changé|a modifié|mudou|alterou|ha cambiato|ha modificato|heeft|изменила?) .*"
    r"(?:subject|name|Betreff|asunto|nombre|sujet|objet|nom|assunto|nome|oggetto|onderwerp|groepsnaam|тему|название)"
)
