/**
 * Every word of a report that a person reads, in the languages of reportpage.h.
 */
#ifndef PARAVENT_PROTO_REPORTWORDS_H
#define PARAVENT_PROTO_REPORTWORDS_H

#include "proto/reportpage.h"

/* X(symbol, English, German, French, Spanish) */
#define REPORT_WORDS(X)                                                       \
	X(WORD_REPORT, "Visit report", "Bericht zum Besuch",                  \
	  "Compte rendu de visite", "Informe de la visita")                   \
	X(WORD_TOGETHER, "Both present", "Beide anwesend",                    \
	  "Présence commune", "Ambos presentes")                              \
	X(WORD_VISIT, "The visit", "Der Besuch", "La visite", "La visita")    \
	X(WORD_CALL, "The connection", "Die Verbindung", "La connexion",      \
	  "La conexión")                                                      \
	X(WORD_PEOPLE, "Who was there", "Wer da war", "Qui était là",         \
	  "Quién estuvo")                                                     \
	X(WORD_TITLE, "Title", "Titel", "Titre", "Título")                    \
	X(WORD_HOST_NAME, "Host’s name", "Name der Leitung",                  \
	  "Nom de l’hôte", "Nombre del anfitrión")                            \
	X(WORD_KIND, "Kind", "Art", "Type", "Tipo")                           \
	X(WORD_STATUS, "Status", "Stand", "État", "Estado")                   \
	X(WORD_STARTS, "Planned for", "Geplant für", "Prévue pour",           \
	  "Prevista para")                                                    \
	X(WORD_LENGTH, "Planned length", "Geplante Dauer", "Durée prévue",    \
	  "Duración prevista")                                                \
	X(WORD_CREATED, "Made", "Angelegt", "Créée", "Creada")                \
	X(WORD_OPENED, "First person inside", "Erste Person da",              \
	  "Première entrée", "Primera entrada")                               \
	X(WORD_OVER, "Over", "Zu Ende", "Fin", "Fin")                         \
	X(WORD_PATH, "Way", "Weg", "Voie", "Vía")                             \
	X(WORD_PROOF, "Verified", "Geprüft", "Vérifiée", "Verificada")        \
	X(WORD_RECONNECTS, "Connected anew", "Neu verbunden", "Reconnexions", \
	  "Reconexiones")                                                     \
	X(WORD_RELAY_UP, "Relay, received", "Relay, empfangen",               \
	  "Relais, reçu", "Relé, recibido")                                   \
	X(WORD_RELAY_DOWN, "Relay, sent", "Relay, gesendet",                  \
	  "Relais, envoyé", "Relé, enviado")                                  \
	X(WORD_RELAY_TIME, "Relay, in use", "Relay, in Gebrauch",             \
	  "Relais, durée", "Relé, en uso")                                    \
	X(WORD_WHO, "Who", "Wer", "Qui", "Quién")                             \
	X(WORD_CAME, "Knocked", "Geklopft", "A frappé", "Llamó")              \
	X(WORD_WAITED, "Waited", "Gewartet", "Attente", "Espera")             \
	X(WORD_JOINED, "Came in", "Gekommen", "Entrée", "Entrada")            \
	X(WORD_LEFT, "Left", "Gegangen", "Départ", "Salida")                  \
	X(WORD_INSIDE, "Inside", "Anwesend", "Présence", "Presencia")         \
	X(WORD_AWAY, "Cut off", "Getrennt", "Coupures", "Cortes")             \
	X(WORD_END, "How it ended", "Wie es endete", "Comment", "Cómo acabó") \
	X(WORD_HOST, "Host", "Leitung", "Hôte", "Anfitrión")                  \
	X(WORD_GUEST, "Guest", "Gast", "Invité", "Invitado")                  \
	X(WORD_NOBODY, "Nobody came.", "Es kam niemand.",                     \
	  "Personne n’est venu.", "No vino nadie.")                           \
	X(WORD_MORE, "Others, not listed:", "Weitere, nicht aufgeführt:",     \
	  "Autres personnes, non listées :", "Otras personas, no listadas:")  \
	X(WORD_CONSULTATION, "Consultation", "Sprechstunde", "Consultation",  \
	  "Consulta")                                                         \
	X(WORD_THERAPY, "Therapy", "Therapie", "Thérapie", "Terapia")         \
	X(WORD_CLASS, "Group or class", "Gruppe oder Kurs",                   \
	  "Groupe ou cours", "Grupo o curso")                                 \
	X(WORD_OTHER, "Something else", "Etwas anderes", "Autre chose",       \
	  "Otra cosa")                                                        \
	X(WORD_SCHEDULED, "planned", "geplant", "prévue", "prevista")         \
	X(WORD_OPEN, "under way", "läuft", "en cours", "en curso")            \
	X(WORD_ENDED, "ended", "beendet", "terminée", "terminada")            \
	X(WORD_CANCELLED, "cancelled", "abgesagt", "annulée", "cancelada")    \
	X(WORD_EXPIRED, "its time passed", "abgelaufen", "expirée",           \
	  "caducada")                                                         \
	X(WORD_BY_HOST, "by the host", "durch die Leitung", "par l’hôte",     \
	  "por el anfitrión")                                                 \
	X(WORD_BY_PRACTICE, "by the practice", "durch die Praxis",            \
	  "par le cabinet", "por la consulta")                                \
	X(WORD_BY_SERVER, "by the server", "durch den Server",                \
	  "par le serveur", "por el servidor")                                \
	X(WORD_DIRECT, "direct", "direkt", "directe", "directa")              \
	X(WORD_RELAY_UDP, "relayed (UDP)", "vermittelt (UDP)",                \
	  "relayée (UDP)", "retransmitida (UDP)")                             \
	X(WORD_RELAY_TCP, "relayed (TCP)", "vermittelt (TCP)",                \
	  "relayée (TCP)", "retransmitida (TCP)")                             \
	X(WORD_RELAY_TLS, "relayed (TLS)", "vermittelt (TLS)",                \
	  "relayée (TLS)", "retransmitida (TLS)")                             \
	X(WORD_MIXED, "mixed", "gemischt", "mixte", "mixta")                  \
	X(WORD_NOT_TOLD, "not reported", "nicht gemeldet", "non signalé",     \
	  "sin informar")                                                     \
	X(WORD_VERIFIED, "yes: the browsers proved themselves to each other", \
	  "ja: Die Browser haben sich einander ausgewiesen",                  \
	  "oui : les navigateurs se sont authentifiés l’un l’autre",          \
	  "sí: los navegadores se autenticaron entre sí")                     \
	X(WORD_UNVERIFIED, "no: nobody checked it",                           \
	  "nein: Es hat niemand geprüft",                                     \
	  "non : personne n’a vérifié", "no: nadie lo comprobó")              \
	X(WORD_REFUSED, "refused: a browser could not prove itself",          \
	  "abgelehnt: Ein Browser konnte sich nicht ausweisen",               \
	  "refusée : un navigateur n’a pas pu s’authentifier",                \
	  "rechazada: un navegador no pudo autenticarse")                     \
	X(WORD_END_LEFT, "left", "gegangen", "départ", "se fue")              \
	X(WORD_END_LOST, "connection lost", "Verbindung verloren",            \
	  "connexion perdue", "conexión perdida")                             \
	X(WORD_END_REPLACED, "went on elsewhere", "woanders weitergemacht",   \
	  "a continué ailleurs", "siguió en otro lugar")                      \
	X(WORD_END_ENDED, "the visit ended", "Besuch beendet",                \
	  "visite terminée", "visita terminada")                              \
	X(WORD_END_RESTART, "the server restarted", "Server neu gestartet",   \
	  "serveur redémarré", "servidor reiniciado")                         \
	X(WORD_END_DENIED, "not let in", "nicht eingelassen", "non admis",    \
	  "no admitido")                                                      \
	X(WORD_END_REMOVED, "put out", "hinausgebeten", "exclu",              \
	  "expulsado")                                                        \
	X(WORD_STILL_INSIDE, "is inside", "ist da", "est présent",            \
	  "está dentro")                                                      \
	X(WORD_STILL_WAITING, "is waiting", "wartet", "attend", "espera")     \
	X(WORD_GOES_ON,                                                       \
	  "This visit is not over; what follows is as of the time below.",    \
	  "Dieser Besuch ist nicht zu Ende; es gilt der Zeitpunkt unten.",    \
	  "Cette visite n’est pas terminée ; l’état est celui de l’heure "    \
	  "indiquée en bas.",                                                 \
	  "Esta visita no ha terminado; vale la hora indicada abajo.")        \
	X(WORD_ERASED,                                                        \
	  "What was personal, such as a title or a name, has been erased.",   \
	  "Persönliches wie Titel oder Name wurde gelöscht.",                 \
	  "Les données personnelles, comme un titre ou un nom, ont été "      \
	  "effacées.",                                                        \
	  "Lo personal, como un título o un nombre, se ha borrado.")          \
	X(WORD_FROM_LOG,                                                      \
	  "Made from the server’s log, which knows when, and never what was " \
	  "said. Guests appear by a number; their names are not kept. All "   \
	  "times are UTC.",                                                   \
	  "Aus dem Protokoll des Servers. Es weiß, wann, und nie, was "       \
	  "gesprochen wurde. Gäste erscheinen als Nummer; ihre Namen werden " \
	  "nicht gespeichert. Alle Zeiten in UTC.",                           \
	  "Établi à partir du journal du serveur, qui sait quand, et jamais " \
	  "ce qui a été dit. Les invités y figurent par un numéro ; leurs "   \
	  "noms ne sont pas conservés. Heures en UTC.",                       \
	  "Hecho a partir del registro del servidor, que sabe cuándo y "      \
	  "nunca qué se dijo. Los invitados aparecen con un número; sus "     \
	  "nombres no se guardan. Horas en UTC.")                             \
	X(WORD_MEETING, "Meeting", "Besuch", "Visite", "Visita")              \
	X(WORD_MADE_AT, "Report made", "Bericht vom", "Établi le",            \
	  "Informe del")

enum report_word {
#define X(symbol, en, de, fr, es) symbol,
	REPORT_WORDS(X)
#undef X
};

/* UTF-8; never NULL. */
const char *report_word(enum report_word word, enum reportpage_lang lang);

#endif
