/// Numbers of classes that have names: the names' order; of classes that are numbers, themselves.
package struct ClassNumbers: Hashable, Sendable {
    /// Classes may not be numbered from here on.
    package static let numberMax = 1_000_000

    private var numbers: [String: Int] = [:]
    /// By number; nil where classes are numbers already, or there are none.
    package private(set) var names: [String]?

    package init() {}

    package init(_ found: some Sequence<String>) {
        let found = Set(found)
        let values = found.map { ($0, Int($0) ?? -1) }
        if values.allSatisfy({ 0..<Self.numberMax ~= $0.1 }) {
            numbers = Dictionary(uniqueKeysWithValues: values)
        } else {
            let sorted = found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            numbers = Dictionary(uniqueKeysWithValues: zip(sorted, sorted.indices))
            names = sorted
        }
    }

    /// Classes that are numbered as something else says.
    /// - Parameters:
    ///   - names: by number, those of classes that no sample has included.
    ///   - numbers: of the classes that samples have.
    package init(names: [String], numbers: [String: Int]) {
        self.names = names
        self.numbers = numbers
    }

    package subscript(_ name: String) -> Int? { numbers[name] }

    /// What a class is called; its number where it has no name.
    package func name(of number: Int) -> String {
        names.flatMap { $0.indices.contains(number) ? $0[number] : nil } ?? "\(number)"
    }

    /// The names of the classes that samples may have, in the order of their numbers.
    package var found: [String] {
        numbers.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
    }
}
