/**
 * How a report looks, on screens in both lights and on paper; the palette is that of
 * the web client (web/src/styles/tokens.css).
 */
#ifndef PARAVENT_PROTO_REPORTSTYLE_H
#define PARAVENT_PROTO_REPORTSTYLE_H

/* The text of the one <style> of the page, byte for byte: the policy has its hash. */
extern const char reportstyle[];

#endif
