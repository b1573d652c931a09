using FedPlatform.Contracts.Runs;
using FedPlatform.Datasets;

namespace FedPlatform.Learning.Metrics;

/// <summary>Head / medium / tail numbers.</summary>
public static class Groups
{
    /// <summary>Mean top-1 over the classes of each group that have samples; null for a group without any.</summary>
    /// <param name="perClass">[C].</param>
    /// <param name="groups">[C].</param>
    public static GroupAccuracy Mean(IReadOnlyList<double?> perClass, IReadOnlyList<ClassGroup> groups)
    {
        return new GroupAccuracy { Head = Of(ClassGroup.Head), Medium = Of(ClassGroup.Medium), Tail = Of(ClassGroup.Tail) };

        double? Of(ClassGroup group) => perClass.Where((_, c) => groups[c] == group).Average();
    }
}
