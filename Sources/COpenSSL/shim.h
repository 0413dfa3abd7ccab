#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// Swift imports neither function-like macros nor variadic functions: each has a wrapper here.

/// To be called before anything else of OpenSSL. A process may exit while its threads still talk: OpenSSL's own
/// clean-up at exit would free what they use.
static inline void maws_openssl_start(void) { OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL); }

// An HMAC-SHA-256 to be copied for each code; nothing after it looks an algorithm up by name.
static inline EVP_MAC_CTX *maws_make_message_code(void) {
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0), OSSL_PARAM_construct_end()};
    EVP_MAC *code = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = code ? EVP_MAC_CTX_new(code) : NULL;
    EVP_MAC_free(code);
    if (context && EVP_MAC_init(context, (const unsigned char *)"", 0, parameters)) return context;
    EVP_MAC_CTX_free(context);
    return NULL;
}

static inline int maws_ssl_ctx_use_versions(SSL_CTX *context, int lowest, int highest) {
    return SSL_CTX_set_min_proto_version(context, lowest) && SSL_CTX_set_max_proto_version(context, highest);
}

static inline void maws_ssl_ctx_disable_session_cache(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline void maws_ssl_ctx_set_read_ahead(SSL_CTX *context) { SSL_CTX_set_read_ahead(context, 1); }

static inline EVP_PKEY *maws_make_p256_key(void) { return EVP_EC_gen("P-256"); }

static inline long maws_bio_memory(BIO *bio, char **data) { return BIO_get_mem_data(bio, data); }

static inline X509_EXTENSION *maws_make_extension(X509 *issuer, X509 *subject, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, subject, NULL, NULL, 0);
    return X509V3_EXT_conf_nid(NULL, &context, nid, value);
}

static inline uint64_t maws_ssl_options(void) {
    return SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION;
}

// glibc declares this only for _GNU_SOURCE, which Swift's import does not define.
struct sockaddr;
extern int accept4(int descriptor, struct sockaddr *address, unsigned int *count, int flags);

// A connection must never leak into a child process: it would outlive its owner there.
static inline int maws_accept(int descriptor, void *address, unsigned int *count, int closeOnExec) {
    return accept4(descriptor, (struct sockaddr *)address, count, closeOnExec);
}
