using static FedPlatform.Datasets.ClassGroup;

namespace FedPlatform.Datasets.Tests;

public class ClassGroupsTests
{
    [Fact]
    public void By_counts_the_bounds_100_and_20_are_medium() =>
        Assert.Equal([Head, Medium, Medium, Tail, Tail], ClassGroups.ByCounts([101, 100, 20, 19, 0]));

    [Fact]
    public void By_cumulative_the_class_that_crosses_a_line_belongs_to_the_bigger_group()
    {
        // 60, 80 | 90, 96 | 100: the second crosses 75 %, the fourth 95 %.
        Assert.Equal([Head, Head, Medium, Medium, Tail], ClassGroups.ByCumulative([60, 20, 10, 6, 4]));
    }

    [Fact]
    public void By_cumulative_a_class_that_ends_exactly_on_a_line_closes_its_group() =>
        Assert.Equal([Head, Medium, Tail], ClassGroups.ByCumulative([75, 20, 5]));

    [Fact]
    public void By_cumulative_classes_are_sorted_first() =>
        Assert.Equal([Tail, Medium, Head], ClassGroups.ByCumulative([5, 20, 75]));

    [Fact]
    public void The_groups_of_cifar10_lt_at_100_are_those_computed_by_hand()
    {
        // Cumulative shares of 12,406: 40.3, 64.5, 78.9, 87.6, 92.8, 95.9, …
        int[] counts = [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50];
        Assert.Equal([Head, Head, Head, Medium, Medium, Medium, Tail, Tail, Tail, Tail], ClassGroups.ByCumulative(counts));
        Assert.Equal([Head, Head, Head, Head, Head, Head, Head, Head, Medium, Medium], ClassGroups.ByCounts(counts));
    }

    [Fact]
    public void A_rule_goes_by_its_name_in_specs()
    {
        Assert.Equal([Head, Tail], ClassGroups.By("counts", [200, 10]));
        Assert.Equal([Head, Medium], ClassGroups.By("cumulative", [200, 60]));
        Assert.Contains("'size'", Assert.Throws<ArgumentException>(() => ClassGroups.By("size", [1])).Message, StringComparison.Ordinal);
        Assert.Equal(["head", "medium", "tail"], Enum.GetValues<ClassGroup>().Select(ClassGroups.NameOf));
    }
}
