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
/// 1 when `<unk>`, `<s>` and `</s>` are pieces 0, 1 and 2.
int32_t maws_sentencepiece_has_standard_ids(const MawsSentencePiece *model);
/// Encodes UTF-8 `text` and writes at most `capacity` of its piece ids; returns how many there are, -1 on failure.
/// Thread-safe.
int32_t maws_sentencepiece_encode(
    const MawsSentencePiece *model, const char *text, size_t length, int32_t *ids, int32_t capacity);
/// Trains a unigram model of at most `size` pieces on the lines of `captionsPath`, which it removes, and writes it to
/// `modelPath`. Returns 0, or writes a sentence into `error`.
int32_t maws_sentencepiece_train(
    const char *captionsPath, const char *modelPath, int32_t size, char *error, size_t errorLength);

#ifdef __cplusplus
}
#endif
