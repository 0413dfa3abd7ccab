import MawsPlan

enum WSPSection: StageSection {
    static let kind = WSPTask.kind
    static let title = "Pretraining on hashtags"
}
