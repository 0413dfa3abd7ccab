#include "CSentencePiece.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <unordered_map>
#include <vector>

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

struct MawsSentencePiece {
    sentencepiece::SentencePieceProcessor processor;
};

namespace {

void describe(const char *message, char *error, size_t errorLength) {
    std::snprintf(error, errorLength, "%s", message);
}

/// The lines of a file, so that no path passes through the trainer's comma-separated arguments.
class LineIterator : public sentencepiece::SentenceIterator {
public:
    explicit LineIterator(const char *path) : file(path) { Next(); }
    bool done() const override { return isDone; }
    void Next() override { isDone = !std::getline(file, line); }
    const std::string &value() const override { return line; }
    sentencepiece::util::Status status() const override { return sentencepiece::util::Status(); }

private:
    std::ifstream file;
    std::string line;
    bool isDone = false;
};

}  // namespace

MawsSentencePiece *maws_sentencepiece_load(const char *path, char *error, size_t errorLength) {
    auto *model = new MawsSentencePiece();
    const auto status = model->processor.Load(path);
    if (status.ok()) return model;
    describe(status.ToString().c_str(), error, errorLength);
    delete model;
    return nullptr;
}

void maws_sentencepiece_free(MawsSentencePiece *model) { delete model; }

int32_t maws_sentencepiece_size(const MawsSentencePiece *model) { return model->processor.GetPieceSize(); }

int32_t maws_sentencepiece_has_standard_ids(const MawsSentencePiece *model) {
    const auto &processor = model->processor;
    return processor.unk_id() == 0 && processor.bos_id() == 1 && processor.eos_id() == 2;
}

int32_t maws_sentencepiece_encode(
    const MawsSentencePiece *model, const char *text, size_t length, int32_t *ids, int32_t capacity) {
    std::vector<int> pieces;
    if (!model->processor.Encode(absl::string_view(text, length), &pieces).ok()) return -1;
    std::copy_n(pieces.begin(), std::min(static_cast<int32_t>(pieces.size()), capacity), ids);
    return static_cast<int32_t>(pieces.size());
}

int32_t maws_sentencepiece_train(
    const char *captionsPath, const char *modelPath, int32_t size, char *error, size_t errorLength) {
    try {
        LineIterator lines(captionsPath);
        // Some of SentencePiece's errors end the process: nothing may be left behind then.
        std::remove(captionsPath);
        std::string model;
        const std::unordered_map<std::string, std::string> arguments = {
            {"model_type", "unigram"},  {"vocab_size", std::to_string(size)}, {"hard_vocab_limit", "false"},
            {"num_threads", "2"},       {"character_coverage", "0.9999"},     {"minloglevel", "2"},
        };
        const auto status = sentencepiece::SentencePieceTrainer::Train(arguments, &lines, &model);
        if (!status.ok()) {
            describe(status.ToString().c_str(), error, errorLength);
            return 1;
        }
        std::ofstream file(modelPath, std::ios::binary);
        file << model;
        file.close();
        if (file.good()) return 0;
        describe("the model cannot be written", error, errorLength);
    } catch (const std::exception &failure) {
        describe(failure.what(), error, errorLength);
    }
    return 1;
}
