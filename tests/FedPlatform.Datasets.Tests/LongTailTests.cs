namespace FedPlatform.Datasets.Tests;

public class LongTailTests
{
    [Theory]
    [InlineData(10, 5000, 50, 13_996)]
    [InlineData(10, 5000, 100, 12_406)]
    [InlineData(100, 500, 50, 12_608)]
    [InlineData(100, 500, 100, 10_847)]
    [InlineData(10, 6000, 100, 14_886)]
    public void The_totals_are_those_of_the_literature(int classes, int available, double imbalanceFactor, int total) =>
        Assert.Equal(total, LongTail.Counts([.. Enumerable.Repeat(available, classes)], imbalanceFactor).Sum());

    [Fact]
    public void Cifar10_at_100_has_the_known_profile() =>
        Assert.Equal([5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50], LongTail.Counts([.. Enumerable.Repeat(5000, 10)], 100));

    [Fact]
    public void The_smallest_class_decides_the_largest_count() =>
        Assert.Equal([100, 31, 10], LongTail.Counts([300, 100, 200], 10));

    [Fact]
    public void An_imbalance_factor_of_one_keeps_the_data_set_as_it_is() =>
        Assert.Equal([300, 100, 200], LongTail.Counts([300, 100, 200], 1));

    [Fact]
    public void A_product_that_is_whole_on_paper_is_not_rounded_down()
    {
        // 500 · (1/IF)^½ and 500/IF for every square IF that divides them.
        Assert.Equal([500, 50, 5], LongTail.Counts([500, 500, 500], 100));
        Assert.Equal([900, 300, 100], LongTail.Counts([900, 900, 900], 9));
        Assert.Equal([490, 70, 10], LongTail.Counts([490, 490, 490], 49));
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void An_imbalance_factor_below_one_or_not_finite_is_refused(double imbalanceFactor) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => LongTail.Counts([10, 10], imbalanceFactor));

    [Fact]
    public void Selection_takes_exactly_the_counts_in_ascending_order_and_depends_on_the_seed()
    {
        int[] labels = [.. Enumerable.Range(0, 3_000).Select(i => i % 3)];
        int[] selected = LongTail.Select(labels, [1_000, 100, 10], 0);
        Assert.Equal([1_000, 100, 10], ClassIndex.Counts([.. selected.Select(i => labels[i])], 3));
        Assert.Equal(selected.Order().Distinct(), selected);
        Assert.Equal(selected, LongTail.Select(labels, [1_000, 100, 10], 0));
        Assert.NotEqual(selected, LongTail.Select(labels, [1_000, 100, 10], 1));
    }

    [Fact]
    public void A_smaller_selection_of_the_same_seed_lies_inside_a_larger_one()
    {
        // "The first n_c after the shuffle": IF 100 uses a subset of what IF 50 uses.
        int[] labels = [.. Enumerable.Range(0, 3_000).Select(i => i % 3)];
        Assert.Subset(LongTail.Select(labels, [900, 300, 100], 0).ToHashSet(), LongTail.Select(labels, [900, 200, 20], 0).ToHashSet());
    }

    [Fact]
    public void Selecting_more_than_there_is_is_refused() =>
        Assert.Throws<ArgumentException>(() => LongTail.Select([0, 0, 1], [2, 2], 0));

    [Fact]
    public void A_label_out_of_range_is_refused() => Assert.Throws<ArgumentException>(() => ClassIndex.Of([0, 1, 2], 2));
}
