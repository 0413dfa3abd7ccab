import MawsPlan

enum LinearSection: StageSection {
    static let kind = LinearTask.kind
    static let title = "Linear probe"
    static let files: (any ResultFiles.Type)? = ClassificationFiles.self
}
