import MawsPlan

enum LiTSection: StageSection {
    static let kind = LiTTask.kind
    static let title = "Locked-image tuning"
}
