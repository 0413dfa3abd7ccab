/// What earlier versions called fields of a plan. A plan that a person writes is told the names of today; what a run
/// keeps of its plan, which such a version wrote, is read as it is.
enum FormerNames {
    private static let names = [
        "deviation": "std", "fit_on": "train_split", "framing": "eval_crop", "views": "fixed_views",
    ]

    /// What the field is called by now; nil where no field of `known` was called so.
    static func today(_ name: String, among known: [String]) -> String? {
        names[name].flatMap { known.contains($0) ? $0 : nil }
    }

    /// The name of today of a field in the map at `path`, which may be one where a person chooses the names.
    static func today(_ name: String, at path: String) -> String {
        path == "model.image" || path.hasPrefix("stages") ? names[name] ?? name : name
    }
}
