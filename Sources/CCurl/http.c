#include "CCurl.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

struct MawsHTTP {
    CURL *curl;
    char message[CURL_ERROR_SIZE];
    const MawsHTTPRequest *request;
    MawsHTTPReply *reply;
    MawsHTTPSink sink;
    void *context;
};

static size_t take_header(char *line, size_t size, size_t count, void *user) {
    MawsHTTP *http = user;
    static const char name[] = "content-range:";
    size_t length = size * count;
    char text[128];
    if (length <= sizeof name - 1 || length >= sizeof text || strncasecmp(line, name, sizeof name - 1) != 0) return length;
    memcpy(text, line, length);
    text[length] = 0;
    long long first, last, total;
    if (sscanf(text + sizeof name - 1, " bytes %lld-%lld/%lld", &first, &last, &total) == 3 && first >= 0 &&
        last >= first && total > last) {
        http->reply->first = first;
        http->reply->total = total;
    }
    return length;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *user) {
    MawsHTTP *http = user;
    long status = 0;
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != (http->request->count > 0 ? 206 : 200)) return 0;
    return http->sink(http->context, (const uint8_t *)bytes, size * count) ? size * count : 0;
}

MawsHTTP *maws_http_open(void) {
    MawsHTTP *http = calloc(1, sizeof *http);
    if (http == NULL) return NULL;
    http->curl = curl_easy_init();
    if (http->curl == NULL) {
        free(http);
        return NULL;
    }
    CURL *curl = http->curl;
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
    // An address with a password in it, which a server may send on to, is not followed.
    curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->message);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, http);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, http);
    return http;
}

int maws_http_place(const char *url, MawsHTTPPlace *place) {
    CURLU *parts = curl_url();
    char *host = NULL, *port = NULL, *scheme = NULL;
    int result = -1;
    if (parts != NULL && curl_url_set(parts, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
        strlen(host) < sizeof place->host) {
        size_t index = 0;
        for (; host[index]; index++) place->host[index] = (char)tolower((unsigned char)host[index]);
        place->host[index] = 0;
        place->port = atoi(port);
        place->is_encrypted = strcasecmp(scheme, "https") == 0;
        result = 0;
    }
    curl_free(host);
    curl_free(port);
    curl_free(scheme);
    curl_url_cleanup(parts);
    return result;
}

void maws_http_close(MawsHTTP *http) {
    curl_easy_cleanup(http->curl);
    free(http);
}

int maws_http_get(
    MawsHTTP *http, const MawsHTTPRequest *request, MawsHTTPSink sink, void *context, MawsHTTPReply *reply) {
    CURL *curl = http->curl;
    char range[64];
    *reply = (MawsHTTPReply){.first = -1, .total = -1};
    http->message[0] = 0;
    http->request = request;
    http->reply = reply;
    http->sink = sink;
    http->context = context;
    snprintf(
        range, sizeof range, "%lld-%lld", (long long)request->offset, (long long)(request->offset + request->count - 1));
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_RANGE, request->count > 0 ? range : NULL);
    curl_easy_setopt(curl, CURLOPT_USERNAME, request->user);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, request->password);
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)(request->netrc != NULL ? CURL_NETRC_OPTIONAL : CURL_NETRC_IGNORED));
    curl_easy_setopt(curl, CURLOPT_NETRC_FILE, request->netrc);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, request->stall_seconds);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, request->bytes_per_second_min);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, request->stall_seconds);
    // A part has a size, and so a time in which it has to be here; a whole file's speed is all that can be asked for.
    curl_easy_setopt(
        curl, CURLOPT_TIMEOUT,
        request->count > 0 ? request->stall_seconds + (long)(request->count / request->bytes_per_second_min) : 0L);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
    if (code == CURLE_OK) return 0;
    if (code == CURLE_LOGIN_DENIED) {
        snprintf(
            reply->message, sizeof reply->message,
            "the server sends on to an address with a user or a password in it, which is not followed");
        return -1;
    }
    snprintf(
        reply->message, sizeof reply->message, "%s", http->message[0] ? http->message : curl_easy_strerror(code));
    return -1;
}
