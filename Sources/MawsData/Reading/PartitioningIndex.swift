extension Range<Int> {
    /// The first number for which `isBehind` is true, the upper bound where there is none: `isBehind` is false up to
    /// some number and true from there on, so that each look at one halves what is left.
    package func partitioningIndex(where isBehind: (Int) throws -> Bool) rethrows -> Int {
        var (low, high) = (lowerBound, upperBound)
        while low < high {
            let middle = low + (high - low) / 2
            if try isBehind(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
