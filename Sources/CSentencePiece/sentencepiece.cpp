#include "CSentencePiece.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

struct MawsSentencePiece {
    sentencepiece::SentencePieceProcessor processor;
};

static void describe(const sentencepiece::util::Status &status, char *error, size_t errorLength) {
    std::snprintf(error, errorLength, "%s", status.ToString().c_str());
}

MawsSentencePiece *maws_sentencepiece_load(const char *path, char *error, size_t errorLength) {
    auto *model = new MawsSentencePiece();
    const auto status = model->processor.Load(path);
    if (status.ok()) return model;
    describe(status, error, errorLength);
    delete model;
    return nullptr;
}

void maws_sentencepiece_free(MawsSentencePiece *model) { delete model; }

int32_t maws_sentencepiece_size(const MawsSentencePiece *model) { return model->processor.GetPieceSize(); }

int32_t maws_sentencepiece_encode(
    const MawsSentencePiece *model, const char *text, size_t length, int32_t *ids, int32_t capacity) {
    std::vector<int> pieces;
    if (!model->processor.Encode(absl::string_view(text, length), &pieces).ok()) return -1;
    const int32_t count = static_cast<int32_t>(pieces.size());
    std::copy_n(pieces.begin(), std::min(count, capacity), ids);
    return count;
}

int32_t maws_sentencepiece_train(const char *arguments, char *error, size_t errorLength) {
    const auto status = sentencepiece::SentencePieceTrainer::Train(arguments);
    if (status.ok()) return 0;
    describe(status, error, errorLength);
    return 1;
}
