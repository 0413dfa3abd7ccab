#pragma once
// HTTP(S) downloads through libcurl, whose options are variadic and so out of Swift's reach.
#include <stddef.h>
#include <stdint.h>

// A connection kept open between requests; used by one thread at a time.
typedef struct MawsHTTP MawsHTTP;

typedef struct {
    const char *url;
    // Bytes to ask for; a count of 0 asks for the whole file.
    int64_t offset, count;
    // What the server is told of who asks, by basic authentication; NULL where it is told nothing.
    const char *user, *password;
    // A file of the form of .netrc with users and passwords by host; NULL where there is none.
    const char *netrc;
    // Without an answer, or below so many bytes a second, for this long the request fails.
    long stall_seconds, bytes_per_second_min;
} MawsHTTPRequest;

enum { MAWS_HTTP_MESSAGE_SIZE = 256 };

typedef struct {
    // 0 where no answer came.
    long status;
    // First byte and file size as Content-Range tells them; -1 where it is absent or makes no sense.
    int64_t first, total;
    char message[MAWS_HTTP_MESSAGE_SIZE];
} MawsHTTPReply;

// Takes bytes of the body; 0 stops the request.
typedef int (*MawsHTTPSink)(void *context, const uint8_t *bytes, size_t count);

enum { MAWS_HTTP_HOST_SIZE = 256 };

typedef struct {
    // In lower case; an IPv6 address has its brackets.
    char host[MAWS_HTTP_HOST_SIZE];
    // That of the scheme where the address names none.
    int port;
    int is_encrypted;
} MawsHTTPPlace;

// Where an address leads as libcurl reads it. 0; or -1 where it is none, or names a user or a password.
int maws_http_place(const char *url, MawsHTTPPlace *place);

// NULL when libcurl cannot start.
MawsHTTP *maws_http_open(void);
void maws_http_close(MawsHTTP *http);

// The body goes to the sink when the status is what was asked for: 206 for a part, 200 for the whole. 0 once the whole
// body has come; else -1, with a message when the transfer failed.
int maws_http_get(
    MawsHTTP *http, const MawsHTTPRequest *request, MawsHTTPSink sink, void *context, MawsHTTPReply *reply);
