import MawsPlan

enum LinearSection: StageSection {
    static let kind = LinearTask.kind
    static let title = "Linear probe"
}
