namespace FedPlatform.Datasets.Readers;

/// <summary>The folders in which data sets are looked for: each root and its direct sub-folders, in order.</summary>
internal sealed class DatasetRoots(IReadOnlyList<string> configured, IReadOnlyList<string> system)
{
    private readonly IReadOnlyList<string> configured = [.. configured.Select(Path.GetFullPath)];
    private readonly IReadOnlyList<string> system = [.. system.Select(Path.GetFullPath)];

    /// <summary>The first folder that holds all of the data set; otherwise the first of its name or with some of it, to say what is missing there.</summary>
    /// <param name="folderName">The name of the folder in the official archive; looked into first.</param>
    /// <param name="names">For every file, its possible names, the preferred one first.</param>
    /// <param name="marker">A file name that no other data set uses: a folder that has it is meant to hold this one.</param>
    /// <exception cref="DatasetException">Nowhere complete.</exception>
    public DatasetLocation Find(string title, string folderName, IReadOnlyList<string[]> names, string marker)
    {
        string? partial = null;
        List<string> unreadable = [];
        foreach (string folder in Candidates(folderName, unreadable))
        {
            string?[] found = [.. names.Select(options => options.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists))];
            if (Array.TrueForAll(found, path => path is not null))
            {
                return new DatasetLocation(folder, found!);
            }

            bool meant = Path.GetFileName(folder) == folderName || File.Exists(Path.Combine(folder, marker)) || File.Exists(Path.Combine(folder, marker + ".gz"));
            partial ??= meant ? folder : null;
        }

        if (partial is not null)
        {
            string[] missing = [.. names.Where(options => !options.Any(name => File.Exists(Path.Combine(partial, name)))).Select(options => string.Join(" or ", options))];
            throw new DatasetException($"{title} is incomplete in {partial}: {string.Join(", ", missing)} {(missing.Length == 1 ? "is" : "are")} missing.");
        }

        string[] places = [.. configured.Concat(system)];
        string where = places.Length == 0
            ? "no data folder is configured"
            : "looked in " + string.Join(", ", places.Select(root => Directory.Exists(root) ? root : $"{root} (no such folder)")) + " and their sub-folders";
        string denied = unreadable.Count == 0 ? "" : $" Not readable: {string.Join(", ", unreadable)}.";
        throw new DatasetException($"{title} is not there: {where} for {folderName} with {string.Join(", ", names.Select(options => options[0]))}.{denied}");
    }

    private IEnumerable<string> Candidates(string folderName, List<string> unreadable)
    {
        foreach (string root in configured.Concat(system).Where(Directory.Exists))
        {
            yield return root;

            string[] children = [];
            try
            {
                children = Directory.GetDirectories(root);
            }
            catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
            {
                unreadable.Add(root);
            }

            foreach (string child in children.OrderBy(child => Path.GetFileName(child) != folderName).ThenBy(child => child, StringComparer.Ordinal))
            {
                yield return child;
            }
        }
    }
}
