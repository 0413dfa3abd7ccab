#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct MawsSentencePiece MawsSentencePiece;

/// Loads a `.model` file. Returns NULL and writes a sentence into `error` (at most `errorLength` bytes) on failure.
MawsSentencePiece *maws_sentencepiece_load(const char *path, char *error, size_t errorLength);
void maws_sentencepiece_free(MawsSentencePiece *model);
int32_t maws_sentencepiece_size(const MawsSentencePiece *model);
/// Encodes UTF-8 `text` into at most `capacity` piece ids; returns the number of ids the text has.
int32_t maws_sentencepiece_encode(
    const MawsSentencePiece *model, const char *text, size_t length, int32_t *ids, int32_t capacity);
/// Trains a model with the arguments of `spm_train`. Returns 0, or writes a sentence into `error`.
int32_t maws_sentencepiece_train(const char *arguments, char *error, size_t errorLength);

#ifdef __cplusplus
}
#endif
